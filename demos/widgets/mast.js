// The masthead does nothing by itself; house.js listens to its buttons.

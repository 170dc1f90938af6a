// Show which views are on; house.js does the rest.
ClassicNets.pressed();

ClassicNets.pressed();

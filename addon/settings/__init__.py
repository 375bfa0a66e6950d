"""What can be chosen: properties of the scene, and the preferences of the machine."""

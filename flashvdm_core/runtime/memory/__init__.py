"""What a model needs of a device's memory, where its parts stay, and how much was used."""

"""What runs a network. Each backend is one module that gives a `cvkit.models.network.Network`."""

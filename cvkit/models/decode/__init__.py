"""What a network's outputs mean: one module a layout."""

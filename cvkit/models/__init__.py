"""Networks and cascades: where they are found, how they run, what their outputs mean."""

"""What cvkit knows of models by name: one YAML file a family."""

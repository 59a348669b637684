"""How cameras and programs write events: a file per family of formats."""

"""The commands as tools of the Model Context Protocol. Alone knows its SDK."""

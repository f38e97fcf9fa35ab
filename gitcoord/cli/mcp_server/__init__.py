"""The commands as tools of the Model Context Protocol. The only room that imports its SDK."""

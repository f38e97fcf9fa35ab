"""Templates of pages, with their style and script: data, read by the commands that make pages."""

"""The prompt of an agent: its facts, its Markdown, and the template of the project."""

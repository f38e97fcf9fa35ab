"""Task lists of other tools and in plain formats, each turned into raw tasks as TaskMaster writes them."""

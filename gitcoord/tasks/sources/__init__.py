"""Task lists of other tools and in plain formats; each reader returns raw tasks as TaskMaster writes them."""

"""Engines: what executes attempts. This machine is the first; each carries no state of gitcoord's."""

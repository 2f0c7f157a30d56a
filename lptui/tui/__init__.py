"""The screen: everything Textual. `app` is its only door; panes and widgets draw values and never read."""

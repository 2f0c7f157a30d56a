"""What panes are made of: rows, header, tabs, log view, charts."""

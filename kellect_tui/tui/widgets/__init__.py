"""What the screen is made of: lists, lines and panes that draw what others own."""

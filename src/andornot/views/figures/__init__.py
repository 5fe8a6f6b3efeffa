"""What each figure for print shows, as data; ``andornot.figures`` draws it."""

"""What a search found and what it is worth, with its tables and notebook views."""

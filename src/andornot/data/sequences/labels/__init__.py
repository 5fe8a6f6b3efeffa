"""Sources of labels at tokens: annotation, and what any text has by itself."""

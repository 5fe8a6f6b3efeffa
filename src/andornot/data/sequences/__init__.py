"""Running text: documents with annotation on their characters, and what stands at each token."""

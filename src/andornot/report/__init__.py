"""Pictures and pages made from explanations."""

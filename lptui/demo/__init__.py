"""A real small training that writes what a Metta run writes, and ways for it to fail."""

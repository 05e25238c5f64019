"""What makes files of the repository that are kept with it; nothing here is part of the package."""

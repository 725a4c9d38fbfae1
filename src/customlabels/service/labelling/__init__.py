"""What people do with datasets in the console: look through images, bring them in, label them, draw boxes."""

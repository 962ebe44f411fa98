"""What each command does once its line has been read: a module a command, imported when it runs."""

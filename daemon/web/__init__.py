"""The control port: HTTP and WebSockets for people and programs on this machine."""

"""Has alerts leave this machine, and shows that they do: `burnrate notify`."""

"""The bytes of sojourn-1: headers, columns and bodies, without sockets, clocks or state."""

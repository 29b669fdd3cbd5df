"""Prints every row of SQLite files as a line of JSON: file, table, and the row's cells in base64. What was freed is no row."""

import base64
import json
import sqlite3
import sys

for path in sys.argv[1:]:
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    database.text_factory = bytes
    tables = [name.decode() for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        for row in database.execute(f'SELECT * FROM "{table}"'):
            cells = [cell if isinstance(cell, bytes) else str(cell).encode() for cell in row]
            print(json.dumps([path, table, base64.b64encode(b"\n".join(cells)).decode()]))

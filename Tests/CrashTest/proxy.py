"""Passes connections on, until it is killed: then all of them break at once, as when a cable is cut.

    proxy.py LISTEN:TARGET ...     ports of this machine
"""

import asyncio
import sys


async def copy(reader, writer):
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def listen(port, target):
    async def pass_on(reader, writer):
        try:
            there = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(copy(reader, there[1]), copy(there[0], writer))

    return await asyncio.start_server(pass_on, "127.0.0.1", port)


async def main():
    servers = [await listen(*map(int, pair.split(":"))) for pair in sys.argv[1:]]
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())

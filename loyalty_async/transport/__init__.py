"""Sending: the only importer of httpx.

Where a line belongs, in the order in which a call meets it:

    limits              what the caller asked for, to a gate
    session             one call: admitted, sent, deciphered, and sent again where that helps
    ├── attempts        one request of it: what went in, what came of it
    ├── turns           members whose calls go one at a time
    ├── auth            credentials to headers; tokens, fetched and renewed
    ├── running         the calls under way, which the end of the client ends
    ├── meters, hooks   what is counted, and who is told

    gate                who may send now
    ├── tickets         one request on its way through it
    ├── lanes           who is next
    ├── concurrency     places in flight: a fixed number, or one that is found
    ├── pauses          when nobody may send; refusals in a row
    └── permits         quotas and pause together
        └── quotas      GCRA: a quota that was told, or one that is learnt

    shared_permits      permits that come from a store, for many processes
    ├── reservations    what a store is asked and says: the script, on Redis' clock
    ├── couriers        one task that carries one question at a time; a store that is away
    └── redis_store     the store; the only importer of coredis

    exchanges           one request over HTTP, and what came back
    ├── bodies          read and unpacked, no further than they may be long
    ├── engines         what carries requests: TLS, proxy, environment
    │   ├── pools       many small pools of httpx behind one transport
    │   └── aiohttp_engine
    └── quiet           keeps answers out of the logs of the libraries underneath

The gate knows nothing of HTTP, and what is below `exchanges` nothing of the gate. What an answer means, whether to send
again and what that costs is decided in `protocol`, without I/O.
"""

"""What h11 reads from the bytes of one client, in the form of ParserProbe."""

import h11


def read(data):
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=64 * 1024)
    reading = {"ending": "clean", "messages": []}
    message = None
    if data:
        connection.receive_data(data)
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if message is not None or connection.trailing_data[0]:
                    reading["ending"] = "incomplete"
                return reading
            if event is h11.PAUSED:
                reading["ending"] = "closed"
                return reading
            if isinstance(event, h11.Request):
                message = {
                    "method": event.method.hex(), "target": event.target.hex(), "version": event.http_version.decode(),
                    "fields": pairs(event.headers), "body": "", "trailers": [],
                }
            elif isinstance(event, h11.Data):
                message["body"] += bytes(event.data).hex()
            elif isinstance(event, h11.EndOfMessage):
                message["trailers"] = pairs(event.headers)
                reading["messages"].append(message)
                is_connect = bytes.fromhex(message["method"]) == b"CONNECT"
                message = None
                connection.send(h11.Response(status_code=404 if is_connect else 200, headers=[("content-length", "0")]))
                connection.send(h11.EndOfMessage())
                if is_connect or connection.our_state is h11.MUST_CLOSE:
                    reading["ending"] = "closed"
                    return reading
                connection.start_next_cycle()
            else:
                reading["ending"] = "clean"
                return reading
    except h11.RemoteProtocolError as error:
        reading["ending"] = f"refused: {error}"
        return reading


def pairs(fields):
    return [[bytes(name).hex(), bytes(value).hex()] for name, value in fields]

"""A provider of models for tests: one model, one answer, and only for the keys in /run/keys/provider, one a line.

The key of the latest request is in /run/provider-key. A stream goes on, four pieces a second, until there is a file with the name that
its latest message says in /run/provider-release.
"""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def may(self) -> bool:
        sent = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if sent in Path("/run/keys/provider").read_text().split():
            Path("/run/provider-key").write_text(sent)
            return True
        self.answer(401, {"error": {"message": "wrong key", "type": "invalid_request_error", "code": "invalid_api_key"}})
        return False

    def do_GET(self) -> None:
        if self.may():
            self.answer(200, {"object": "list", "data": [{"id": "small", "object": "model"}]})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.may():
            return
        if request.get("stream"):
            self.stream(request)
            return
        message = {"role": "assistant", "content": "pong"}
        self.answer(
            200,
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": request["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
            },
        )

    def stream(self, request: dict) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

        def send(data: str) -> None:
            piece = f"data: {data}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

        def event(choices: list, **more: object) -> None:
            head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": request["model"]}
            send(json.dumps({**head, "choices": choices, **more}))

        def piece(text: str, finish: str | None = None) -> None:
            event([{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": finish}])

        name = request["messages"][-1]["content"]
        pieces = 0
        while not Path("/run/provider-release", name).exists():
            piece("more ")
            pieces += 1
            time.sleep(0.25)
        piece(f"the end of {name}", "stop")
        event([], usage={"prompt_tokens": 3, "completion_tokens": pieces, "total_tokens": 3 + pieces})
        send("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    # a router that was just started sends at once what has waited for it
    request_queue_size = 1024


Server(("127.0.0.1", 9000), Provider).serve_forever()

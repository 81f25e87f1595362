"""Answers every request with the service's name."""

from http.server import BaseHTTPRequestHandler, HTTPServer

from seat_maps import greeting


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = greeting().encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    HTTPServer(("", 9090), Handler).serve_forever()

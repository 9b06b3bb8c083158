"""The service as people and programs meet it: FastAPI routes under ``/api/v1``, server-rendered pages, static files.

Modules: `app` (all of it together), `state` (what every request needs), `identity` (who asks), `security` (headers,
hosts, requests from other sites), `problems` (errors), `api_*` (programs), `pages` (rendering) and `pages_*` (people).
"""

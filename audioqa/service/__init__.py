"""The upload service without its HTTP: who may do what, recordings that are accepted, scored, told of and deleted.

Modules: `principals` (who asks, and what they may do), `accounts` (people and how they sign in), `keys` (programs),
`spool` (a recording on its way in), `keeping` (where recordings lie), `uploads` (what becomes a job), `scoring` (the
loop that has jobs done), `webhooks` and `posting` (what is told to whom, and how), `privacy` (deleting), `metrics`,
`service` (all of it as one value).
"""

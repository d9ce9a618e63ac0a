"""The command: `python3 -m blog [serve | migrate | wait-for-schema]`."""

from __future__ import annotations

import sys

from .problems import CodedError
from .settings import DATABASE_SETTINGS, Settings, load_settings

_commands = ("serve", "migrate", "wait-for-schema")


def main(arguments: list[str]) -> int:
    """:returns: the exit code: 1 when it failed, 2 for an unknown command."""
    command = arguments[0] if arguments else "serve"
    if command not in _commands:
        print(f'unknown command "{command}"; blog has: {", ".join(_commands)}', file=sys.stderr)
        return 2
    try:
        settings = load_settings(only=None if command == "serve" else DATABASE_SETTINGS)
    except CodedError as error:
        print(f"blog cannot start. {error.message}\n{error.remedy}", file=sys.stderr)
        return 1
    if command == "serve":
        from .service import serve

        return serve(settings)
    return _on_database(command, settings)


def _on_database(command: str, settings: Settings) -> int:
    from .logs import Logger, start_logs
    from .migrate import run_migrations, wait_for_schema
    from .session import conninfo

    start_logs("blog", settings.text("INSTANCE_ID"), settings.text("LOG_LEVEL"))
    log = Logger("migrate")
    timeout_ms = settings.number("DATABASE_CONNECT_TIMEOUT_MS")
    try:
        if command == "migrate":
            # The role that a service runs with owns nothing.
            owner = "MIGRATION_DATABASE_URL" if settings.optional("MIGRATION_DATABASE_URL") else "DATABASE_URL"
            run_migrations(conninfo(settings, owner), timeout_ms)
        else:
            wait_for_schema(conninfo(settings), timeout_ms)
        return 0
    except CodedError as error:
        log.fatal(f"{command} failed", code=error.code, detail=error.message, remedy=error.remedy)
    except Exception as error:  # noqa: BLE001 - whatever it is, the log says so
        log.fatal(f"{command} failed", err=error)
    return 1


sys.exit(main(sys.argv[1:]))

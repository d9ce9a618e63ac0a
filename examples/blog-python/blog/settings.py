"""Every setting of the service, with the names, defaults and rules of the TypeScript services.

A value comes from the variable ``NAME`` or from the file that ``NAME_FILE`` names (a mounted secret). Everything that
is missing or wrong is reported at once, by name and without values.
"""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from typing import Callable, Mapping

from .problems import CodedError

Parse = Callable[[str], object]


class _Expected(Exception):
    """What a setting should have been."""


def _integer(least: int, most: int) -> Parse:
    def parse(value: str) -> int:
        if not re.match(r"(0|[1-9]\d{0,14})\Z", value, re.ASCII) or not least <= int(value) <= most:
            raise _Expected(f"expected an integer from {least} to {most}")
        return int(value)

    return parse


def _url(value: str) -> str:
    if not re.match(r"https?://[^\s/]+(/\S*)?\Z", value):
        raise _Expected("expected an http or https URL")
    return value.rstrip("/")


def _database(value: str) -> str:
    if not re.match(r"postgres(ql)?://[^/]+/[^/?]+", value):
        raise _Expected("expected postgres://user:password@host:port/database")
    return value


def _servers(value: str) -> list[str]:
    servers = [each.strip() for each in value.split(",") if each.strip()]
    if not servers or not all(re.match(r"(nats|tls)://[^\s/:]+(:\d+)?\Z", each) for each in servers):
        raise _Expected("expected nats://host:port, several separated by commas")
    return servers


def _certificates(value: str) -> str:
    if "-----BEGIN CERTIFICATE-----" not in value:
        raise _Expected("expected certificates in PEM")
    return value


def _secret(least: int) -> Parse:
    def parse(value: str) -> str:
        if len(value) < least:
            raise _Expected(f"expected at least {least} characters")
        return value

    return parse


def _one_of(*values: str) -> Parse:
    def parse(value: str) -> str:
        if value not in values:
            raise _Expected(f"expected one of {', '.join(values)}")
        return value

    return parse


def _ratio(value: str) -> float:
    if not re.match(r"(0(\.\d+)?|1(\.0+)?)\Z", value, re.ASCII):
        raise _Expected("expected a number from 0 to 1")
    return float(value)


def _list_of(*values: str) -> Parse:
    def parse(value: str) -> list[str]:
        names = [each.strip() for each in value.split(",") if each.strip()]
        if not all(name in values for name in names):
            raise _Expected(f"expected some of {', '.join(values)}")
        return names

    return parse


def _never_created(value: str) -> bool:
    if value != "false":
        raise _Expected("expected false: this service creates no streams; the provisioning step does (npm start, k8s)")
    return False


def _text(value: str) -> str:
    if len(value) > 64:
        raise _Expected("expected at most 64 characters")
    return value


def _instance(value: str) -> str:
    if not re.match(r"[A-Za-z0-9_-]{1,64}\Z", value):
        raise _Expected("expected letters, digits, - and _")
    return value


def _semantic_version(value: str) -> str:
    """The tag of an image becomes a pre-release: discovery announces nothing else (``main-42``: 0.0.0-main-42)."""
    if re.match(r"\d+\.\d+\.\d+(-[\w.-]+)?(\+[\w.-]+)?\Z", value, re.ASCII):
        return value
    return f"0.0.0-{re.sub('[^0-9A-Za-z.-]', '-', value)}"


_host_name = re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname())[:48]

#: By name: how to read it, and the default. Without a default it is required; None: it may be missing.
_REQUIRED = object()
_shape: dict[str, tuple[Parse, object]] = {
    "HTTP_HOST": (str, "127.0.0.1"),
    "HTTP_PORT": (_integer(0, 65_535), _REQUIRED),
    "MANAGEMENT_HOST": (str, None),
    "MANAGEMENT_PORT": (_integer(0, 65_535), _REQUIRED),
    "MANAGEMENT_TOKEN": (_secret(16), None),
    "OPERATOR_TOKEN": (_secret(16), None),
    "SERVICE_VERSION": (_semantic_version, "dev"),
    "SERVICE_COMMIT": (_text, None),
    "INSTANCE_ID": (_instance, f"{_host_name}-{os.getpid()}"),
    "HTTP_KEEP_ALIVE_MS": (_integer(10_000, 3_600_000), "72000"),
    "SHUTDOWN_DELAY_MS": (_integer(0, 60_000), "0"),
    "SHUTDOWN_DRAIN_MS": (_integer(0, 600_000), "15000"),
    "SHUTDOWN_GRACE_MS": (_integer(100, 600_000), "25000"),
    "REQUEST_DEADLINE_MS": (_integer(10, 600_000), "3000"),
    "BODY_LIMIT_BYTES": (_integer(1_024, 104_857_600), "262144"),
    "LOG_LEVEL": (_one_of("trace", "debug", "info", "warn", "error", "fatal", "silent"), "info"),
    "OTEL_EXPORTER_OTLP_ENDPOINT": (_url, None),
    "OTEL_METRICS_EXPORTER": (_list_of("otlp", "prometheus", "none"), "otlp,prometheus"),
    "OTEL_TRACES_SAMPLER_ARG": (_ratio, "0.1"),
    "OTEL_BSP_SCHEDULE_DELAY": (_integer(10, 60_000), "500"),
    "DATABASE_URL": (_database, _REQUIRED),
    "MIGRATION_DATABASE_URL": (_database, None),
    "DATABASE_CA": (_certificates, None),
    "DATABASE_POOL_MAX": (_integer(3, 500), "10"),
    "DATABASE_CONNECT_TIMEOUT_MS": (_integer(10, 60_000), "2000"),
    "DATABASE_STATEMENT_TIMEOUT_MS": (_integer(10, 600_000), "5000"),
    "DATABASE_IDLE_TIMEOUT_MS": (_integer(1_000, 2_147_483_647), "30000"),
    "DATABASE_IDLE_TRANSACTION_TIMEOUT_MS": (_integer(100, 2_147_483_647), "10000"),
    "NATS_URL": (_servers, _REQUIRED),
    "NATS_USER": (str, None),
    "NATS_PASSWORD": (str, None),
    "NATS_CA": (_certificates, None),
    "NATS_CREATE_MISSING": (_never_created, "false"),
    "MESSAGES_MAX_CONCURRENT": (_integer(1, 1_000), None),
    "OUTBOX_POLL_MS": (_integer(10, 60_000), "5000"),
    "OUTBOX_RETENTION_HOURS": (_integer(1, 8_760), "168"),
    "AUTH_ISSUER": (_url, _REQUIRED),
    "AUTH_AUDIENCE": (str, "urn:causeway:api"),
    "AUTH_JWKS_URL": (_url, _REQUIRED),
    "DISCOVERY_MODE": (_one_of("static", "dns", "nats"), "static"),
    "DISCOVERY_ADVERTISE_URL": (_url, None),
    "DISCOVERY_ZONE": (_text, None),
    "CURSOR_SECRET": (_secret(32), _REQUIRED),
}

#: What `migrate` and `wait-for-schema` need.
DATABASE_SETTINGS = (
    "DATABASE_URL",
    "MIGRATION_DATABASE_URL",
    "DATABASE_CA",
    "DATABASE_CONNECT_TIMEOUT_MS",
    "LOG_LEVEL",
    "INSTANCE_ID",
)


@dataclass(frozen=True)
class Settings:
    """Parsed values, by the name of the variable: ``settings["HTTP_PORT"]``."""

    values: Mapping[str, object]

    def __getitem__(self, name: str) -> object:
        return self.values[name]

    def number(self, name: str) -> int:
        value = self.values[name]
        assert isinstance(value, int)
        return value

    def text(self, name: str) -> str:
        value = self.values[name]
        assert isinstance(value, str)
        return value

    def optional(self, name: str) -> str | None:
        value = self.values[name]
        assert value is None or isinstance(value, str)
        return value


def _raw(name: str, env: Mapping[str, str]) -> str | None:
    direct = env.get(name) or None
    file = env.get(f"{name}_FILE") or None
    if direct is not None and file is not None:
        raise _Expected(f"set either {name} or {name}_FILE, not both")
    if file is None:
        return direct
    try:
        with open(file, encoding="utf-8") as opened:
            return re.sub(r"\r?\n\Z", "", opened.read()) or None
    except (OSError, UnicodeDecodeError) as error:
        raise _Expected(f"the file that {name}_FILE names cannot be read ({type(error).__name__})") from error


def load_settings(env: Mapping[str, str] | None = None, only: tuple[str, ...] | None = None) -> Settings:
    """:param env: default ``os.environ``. :param only: names to read; default all.
    :raises CodedError: SETTINGS_INVALID, which lists every problem and no value.
    """
    source = os.environ if env is None else env
    values: dict[str, object] = {}
    problems = []
    for name in only or tuple(_shape):
        parse, default = _shape[name]
        try:
            raw = _raw(name, source)
            if raw is None and default is _REQUIRED:
                raise _Expected(f"missing; set {name} or {name}_FILE")
            chosen = default if raw is None else raw
            values[name] = None if chosen is None else parse(str(chosen))
        except _Expected as problem:
            problems.append(f"  {name}: {problem}")
    if not problems and values.get("NATS_USER") is not None and values.get("NATS_PASSWORD") is None:
        problems.append("  NATS_PASSWORD: missing; NATS_USER needs it")
    if problems:
        raise CodedError(
            "SETTINGS_INVALID",
            "\n".join(["These settings are not valid:", *problems]),
            "Correct the listed environment variables; the README of the service describes each of them.",
        )
    return Settings(values)

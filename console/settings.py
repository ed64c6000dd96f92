"""The one settings file: driven by the environment, loud when something is missing.

Every variable read here stands in .env.example with its unit. Secrets may also come from a file: NAME_FILE.
"""

import os
from pathlib import Path

from csp.constants import SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict

BASE_DIR = Path(__file__).resolve().parent.parent


def text(name: str, default: str = "") -> str:
    """Value of a variable, or the content of the file that NAME_FILE points at."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE points at {path}, which cannot be read: {error}"
            ) from error
    return os.environ.get(name, default)


def number(name: str, default: float) -> float:
    value = text(name)
    try:
        return float(value) if value else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a number, not {value!r}.") from error


def switch(name: str, default: bool) -> bool:
    value = text(name).lower()
    if value not in {"", "0", "1", "true", "false", "yes", "no"}:
        raise ImproperlyConfigured(f"{name} must be 0 or 1, not {value!r}.")
    return value in {"1", "true", "yes"} if value else default


def words(name: str) -> list[str]:
    return [word.strip() for word in text(name).split(",") if word.strip()]


# --- Where we run -----------------------------------------------------------------------------------------
DEBUG = switch("DEBUG", False)
VAR_DIR = Path(text("VAR_DIR") or BASE_DIR / "var")
SECRET_KEY = text("SECRET_KEY")
FIELD_KEYS = words("FIELD_KEYS")  # newest first; encrypt private keys at rest
ALLOWED_HOSTS = words("ALLOWED_HOSTS") or (["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS")
if not SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY, or start with `make demo`, which makes one of its own.")
if not FIELD_KEYS:
    raise ImproperlyConfigured("Set FIELD_KEYS (comma separated, newest first; `manage.py make_field_key`).")

# --- Servers ----------------------------------------------------------------------------------------------
_database = conninfo_to_dict(text("DATABASE_URL", "postgresql://localhost/console"))
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.get("dbname", "console"),
        "USER": _database.get("user", ""),
        "PASSWORD": _database.get("password", ""),
        "HOST": _database.get("host", ""),
        "PORT": _database.get("port", ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            "application_name": text("PROCESS_NAME", "console"),
            # for the engine's own cursors (messaging/engine/sql.py): Django's never prepare
            "prepare_threshold": 5,
            "options": "-c plan_cache_mode=force_generic_plan",
            **({"sslmode": str(_database["sslmode"])} if "sslmode" in _database else {}),
        },
    }
}
# Tables split by month: an instant column splits at midnight in Beijing, a date column by its own date.
PARTITIONED_TABLES = {"merchants_event": "instant", "messaging_delivery": "date"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = text("REDIS_URL", "redis://localhost:6379/0")  # or unix:///path/to/socket?db=0

# --- The platform's gateways: addresses live here only; a mini program stores a name ------------------------
GATEWAY_URLS = {
    "production": "https://openapi.alipay.com/gateway.do",
    "sandbox": "https://openapi-sandbox.dl.alipaydev.com/gateway.do",
}
if text("GATEWAY_URL"):
    GATEWAY_URLS["simulated"] = text("GATEWAY_URL")
GATEWAY_CONNECT_SECONDS = number("GATEWAY_CONNECT_SECONDS", 2.0)
GATEWAY_READ_SECONDS = number("GATEWAY_READ_SECONDS", 4.0)
GATEWAY_TOTAL_SECONDS = number("GATEWAY_TOTAL_SECONDS", 5.0)
GATEWAY_POOL_SIZE = int(number("GATEWAY_POOL_SIZE", 64))
SIMULATOR_URL = text("SIMULATOR_URL")  # control address of the simulated platform; demo only
CONSOLE_URL = text("CONSOLE_URL")  # own address, to which simulated phones report visits; demo only

# --- The sending engine (seconds, rows) -------------------------------------------------------------------
ENGINE_LEASE_SECONDS = number("ENGINE_LEASE_SECONDS", 30)
ENGINE_SLOT_SECONDS = number("ENGINE_SLOT_SECONDS", 5)
ENGINE_CLAIM_ROWS = int(number("ENGINE_CLAIM_ROWS", 512))
ENGINE_WAVE_ROWS = int(number("ENGINE_WAVE_ROWS", 32))
ENGINE_UNDO_SECONDS = number("ENGINE_UNDO_SECONDS", 10)
ENGINE_MISSED_SECONDS = number("ENGINE_MISSED_SECONDS", 600)
ENGINE_RATE_PER_SECOND = number("ENGINE_RATE_PER_SECOND", 500)  # default of a new mini program, messages/s
# kept for single messages and outbox calls
ENGINE_RESERVE_PER_SECOND = number("ENGINE_RESERVE_PER_SECOND", 20)
# of one mini program on one Beijing day; the platform shows a remainder and documents no number
CROWD_SENDS_PER_DAY = int(number("CROWD_SENDS_PER_DAY", 10))
ORDER_DIGEST_HOUR = int(number("ORDER_DIGEST_HOUR", 8))  # of the merchant's day: that of yesterday is made
# corrected by one person alone; more than that waits for a second one
MEMBER_CORRECTION_POINTS = int(number("MEMBER_CORRECTION_POINTS", 1_000))
COUPON_POLL_SECONDS = number("COUPON_POLL_SECONDS", 10)  # no push came: the platform is asked
COUPON_NOT_DONE_SECONDS = number("COUPON_NOT_DONE_SECONDS", 900)  # taken up, and then never made
ORDER_SETTLE_SECONDS = number("ORDER_SETTLE_SECONDS", 2)  # an earlier status may still come in
COUPON_RESERVE_MINUTES = number("COUPON_RESERVE_MINUTES", 30)  # an order holds a coupon at most so long
COUPON_USE_WAIT_SECONDS = number("COUPON_USE_WAIT_SECONDS", 5)  # who uses one waits so long for a worker
COUPON_USE_TRY_SECONDS = number("COUPON_USE_TRY_SECONDS", 600)  # then the platform is not asked any more
# SIM: of order messages no template id is documented. Empty: coupons for subscription messages only
ORDER_MESSAGE_REFERENCE = text("ORDER_MESSAGE_REFERENCE", "{biz_type}:{status}")
COUPON_SHOWN_HOURS = number("COUPON_SHOWN_HOURS", 24)  # after a send: messages still show the coupon
COUPON_UNDO_SECONDS = number("COUPON_UNDO_SECONDS", 10)
COUPON_CALLS_IN_FLIGHT = int(number("COUPON_CALLS_IN_FLIGHT", 100))  # of a mini program, in the outbox
COUPON_CHECK_HOURS = int(number("COUPON_CHECK_HOURS", 24))  # between two looks at the books of a coupon
COUPON_CHECK_CALLS = int(number("COUPON_CHECK_CALLS", 2_000))  # of one look; the next goes on from there
# what moved so lately may still be on its way to the other side, and is no difference yet
COUPON_CHECK_SETTLE_SECONDS = number("COUPON_CHECK_SETTLE_SECONDS", 600)
RECALL_WINDOW_DAYS = int(number("RECALL_WINDOW_DAYS", 7))
ORDER_VISIT_DAYS = int(number("ORDER_VISIT_DAYS", 30))  # after it was handed in: its messages go on for weeks
# per address, for public client keys; loopback is exempt
SIGNALS_PER_SECOND = number("SIGNALS_PER_SECOND", 10)
API_REQUESTS_PER_SECOND = number("API_REQUESTS_PER_SECOND", 100)  # per server key

# --- Data kept --------------------------------------------------------------------------------------------
UPLOAD_MAX_BYTES = int(number("UPLOAD_MAX_BYTES", 200 * 1024 * 1024))
UPLOAD_KEEP_DAYS = int(number("UPLOAD_KEEP_DAYS", 30))
SIGNAL_KEEP_MONTHS = int(number("SIGNAL_KEEP_MONTHS", 13))
DELIVERY_KEEP_MONTHS = int(number("DELIVERY_KEEP_MONTHS", 13))  # younger months are never detached
DETACH_LOCK_SECONDS = number("DETACH_LOCK_SECONDS", 3)  # what the engine waits for a detach at most
CALL_BODY_KEEP_DAYS = int(number("CALL_BODY_KEEP_DAYS", 30))
MEDIA_ROOT = VAR_DIR / "uploads"

# --- Django -----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "console",
    "messaging",
    "orders",
    "coupons",
    "membership",
    "merchants",
    "axes",
    "csp",
    "django_htmx",
    "django.contrib.auth",
    "django.contrib.postgres",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "console.middleware.PersonLocaleMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "console.middleware.HtmxSignInMiddleware",
    "axes.middleware.AxesMiddleware",
    "console.middleware.NothingHereMiddleware",
]
ROOT_URLCONF = "console.urls"
WSGI_APPLICATION = "console.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "console.navigation.shell",
            ],
        },
        "APP_DIRS": True,
    }
]
AUTH_USER_MODEL = "merchants.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
CSRF_FAILURE_VIEW = "console.account.views.csrf_failed"
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "entrance"
LOGOUT_REDIRECT_URL = "sign_in"
# a code of a person's app counts this long in the same session (seconds)
SECOND_FACTOR_SECONDS = number("SECOND_FACTOR_SECONDS", 300)
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_LOCKOUT_CALLABLE = "console.account.views.locked_out"
AXES_IPWARE_PROXY_COUNT = int(number("PROXY_COUNT", 0)) or None
AXES_SENSITIVE_PARAMETERS = ["username"]

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# --- Security ---------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "style-src-attr": ["'unsafe-inline'"],  # ECharts places its tooltip by style attributes
        "object-src": ["'none'"],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HTTPS = switch("SECURE_HTTPS", not DEBUG)
SESSION_COOKIE_SECURE = SECURE_HTTPS
CSRF_COOKIE_SECURE = SECURE_HTTPS
SECURE_SSL_REDIRECT = SECURE_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_HTTPS else 0
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
if switch("BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Celery: a queue entry is a hint, a row is the truth ----------------------------------------------------
CELERY_BROKER_URL = (
    REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
    if REDIS_URL.startswith("unix://")
    else REDIS_URL
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"engine.*": {"queue": "engine"}}
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2}
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")

# --- The three tables that point upward (names only; a test resolves each) ----------------------------------
EVENT_SUBSCRIBERS: dict[str, list[str]] = {
    "customer.forgotten": [
        "membership.forget_customer",
        "orders.forget_customer",
        "orders.erase_imports",
        "messaging.forget_customer",
        "coupons.forget_customer",
    ],
}
NOTIFICATION_ROUTES: dict[str, str] = {
    "open_app_auth_notify": "merchants.take_authorisation",
    "alipay.marketing.activity.message.received": "coupons.take_received",
    "alipay.marketing.activity.message.used": "coupons.take_end",
    "alipay.marketing.activity.message.expired": "coupons.take_end",
    "alipay.marketing.activity.message.refund": "coupons.take_end",
    "alipay.marketing.activity.message.created": "coupons.take_notice",
    "alipay.marketing.activity.message.modified": "coupons.take_notice",
    "alipay.marketing.activity.message.appended": "coupons.take_notice",
    "alipay.marketing.activity.message.stopped": "coupons.take_notice",
    "alipay.marketing.activity.delivery.message": "coupons.take_placed",
}
CELERY_BEAT_SCHEDULE = {
    # four times a second: sends that are due begin
    "start due sends": {"task": "messaging.start_due_sends", "schedule": 0.25, "options": {"expires": 2}},
    # every second: all other moves of sends, and tell the engine that there may be work
    "advance sends": {"task": "messaging.advance_sends", "schedule": 1.0, "options": {"expires": 5}},
    "advance crowd sends": {"task": "messaging.advance_crowds", "schedule": 1.0, "options": {"expires": 5}},
    "sync due orders": {"task": "orders.sync_due", "schedule": 1.0, "options": {"expires": 5}},
    "issue coupon runs": {"task": "coupons.issue_runs", "schedule": 1.0, "options": {"expires": 5}},
    "hint the engine": {"task": "messaging.hint_engine", "schedule": 1.0, "options": {"expires": 5}},
    # every five seconds: rows whose owner died, dispatches whose hint was lost
    "reap deliveries": {"task": "messaging.reap_deliveries", "schedule": 5.0, "options": {"expires": 5}},
    "sweep dispatches": {"task": "merchants.sweep_dispatches", "schedule": 5.0, "options": {"expires": 5}},
    "sweep calls": {"task": "merchants.sweep_calls", "schedule": 5.0, "options": {"expires": 5}},
    "sweep notices": {"task": "merchants.sweep_notices", "schedule": 5.0, "options": {"expires": 5}},
    "sweep jobs": {"task": "merchants.sweep_jobs", "schedule": 5.0, "options": {"expires": 5}},
    # every five seconds: what nobody told about coupons; every half minute what ended or expired
    "ask about coupons": {"task": "coupons.ask_due", "schedule": 5.0, "options": {"expires": 5}},
    "deposit codes": {"task": "coupons.fill_codes_due", "schedule": 5.0, "options": {"expires": 5}},
    "end coupons": {"task": "coupons.end_due", "schedule": 30.0, "options": {"expires": 30}},
    # every fifteen seconds: looks at the books of coupons go on; every ten minutes those that are due begin
    "go on checking coupons": {"task": "coupons.go_on_checks", "schedule": 15.0, "options": {"expires": 15}},
    "check uses of coupons": {"task": "orders.go_on_uses", "schedule": 15.0, "options": {"expires": 15}},
    "start checking coupons": {
        "task": "coupons.start_checks",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    # every ten seconds: does every ledger agree with itself
    "reconcile sends": {"task": "messaging.reconcile_sends", "schedule": 10.0, "options": {"expires": 10}},
    # every fifteen seconds and every minute: templates in review, lists whose job is over
    "watch templates": {"task": "messaging.watch_templates", "schedule": 15.0, "options": {"expires": 15}},
    "tidy lists": {"task": "membership.tidy_lists", "schedule": 60.0, "options": {"expires": 60}},
    # every minute: cards, points and periods of levels that end; the look at the books of cards goes on
    "end cards": {"task": "membership.end_due", "schedule": 60.0, "options": {"expires": 60}},
    "go on proving cards": {"task": "membership.go_on_proof", "schedule": 60.0, "options": {"expires": 60}},
    # every ten minutes: merchants whose look of this night has not begun
    "start proving cards": {
        "task": "membership.start_proof",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    # every minute: files of orders whose job is over
    "tidy order imports": {"task": "orders.tidy_imports", "schedule": 60.0, "options": {"expires": 60}},
    # every ten seconds: plans of coupons that no send needs any more, claims of those that did
    "tend coupons": {"task": "messaging.tend_coupons", "schedule": 10.0, "options": {"expires": 10}},
    # every minute: approvals whose time passed
    "expire reviews": {"task": "messaging.expire_reviews", "schedule": 60.0, "options": {"expires": 60}},
    # every minute: coupons that expire soon; every ten, what came of reminding of them
    "remind expiring": {"task": "messaging.remind_expiring", "schedule": 60.0, "options": {"expires": 60}},
    "count reminders": {"task": "messaging.count_reminders", "schedule": 600.0, "options": {"expires": 600}},
    # every half minute: figures of recall by hour and day, of orders by day
    "roll up recall": {"task": "messaging.roll_up_recall", "schedule": 30.0, "options": {"expires": 30}},
    "fold moves of orders": {"task": "orders.fold_moves", "schedule": 30.0, "options": {"expires": 30}},
    # every minute: the books of months that something happened to
    "compute month books": {
        "task": "messaging.compute_month_books",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    # every twenty seconds: how many people the platform says a crowd send reached
    "ask crowd counts": {"task": "messaging.ask_crowd_counts", "schedule": 20.0, "options": {"expires": 20}},
    # every ten minutes: the digests of yesterday's orders, where the morning has come
    "make order digests": {"task": "orders.make_digests", "schedule": 600.0, "options": {"expires": 600}},
    # hourly housekeeping
    "sample consents": {"task": "messaging.sample_consents", "schedule": 3600.0, "options": {"expires": 600}},
    "make partitions": {"task": "merchants.make_partitions", "schedule": 3600.0, "options": {"expires": 600}},
    "prune signals": {"task": "messaging.prune_signals", "schedule": 3600.0, "options": {"expires": 600}},
    "renew authorisations": {
        "task": "merchants.refresh_authorisations",
        "schedule": 3600.0,
        "options": {"expires": 600},
    },
    # once a day: the figures of coupons from their ledgers
    "rebuild figures of coupons": {
        "task": "coupons.rebuild_figures",
        "schedule": 86_400.0,
        "options": {"expires": 3_600},
    },
    "prune old rows": {"task": "merchants.prune", "schedule": 3600.0, "options": {"expires": 600}},
}

# --- Logs -------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": text("LOG_LEVEL", "INFO")},
    "loggers": {"axes": {"level": "WARNING"}, "django.request": {"level": "ERROR"}},
}

"""What a server key may be allowed, in words; each route names its scope where it is guarded."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from coupons.redeeming import SCOPE as COUPONS_SCOPE
from messaging.recall.signals import CONSENT_SCOPE
from messaging.sends.singles import SCOPE as MESSAGES_SCOPE
from orders.intake import SCOPE as ORDERS_SCOPE

SCOPES: Mapping[str, str | Promise] = {
    MESSAGES_SCOPE: _("Send single messages and ask what became of them"),
    CONSENT_SCOPE: _("Report consent given and taken back, and visits"),
    ORDERS_SCOPE: _("Return orders and their statuses"),
    COUPONS_SCOPE: _("Hold, use and give back coupons in your own orders"),
}

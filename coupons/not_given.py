"""Why nothing is given, where no sub_code of the platform says it: kept as a grant's `refusal`.

The last ones are of a coupon as a whole: a run that meets one pauses and names it.
"""

from __future__ import annotations

NOT_KNOWN = "not_known"  # forgotten, or of another mini program
OPTED_OUT = "opted_out"  # of being chosen by a rule
LIMIT_REACHED = "limit_reached"  # holds as many as one person may
DAY_LIMIT = "day_limit"  # got as many from us today as the merchant's limits allow
KEPT = "kept"  # from coupons, by a person's decision about an alert
STOCK_GONE = "stock_gone"
RUN_CANCELLED = "run_cancelled"
NOT_REACHED = "not_reached"  # the platform could not be reached; it certainly did nothing
WRITTEN_OFF = "written_off"  # nobody knew, and a person decided

NOT_LIVE = "not_live"
NOT_BEGUN = "not_begun"
OVER = "over"

OF_A_PERSON = (
    *(NOT_KNOWN, OPTED_OUT, KEPT, DAY_LIMIT, LIMIT_REACHED),
    *(STOCK_GONE, RUN_CANCELLED, NOT_REACHED, WRITTEN_OFF),
)
OF_A_COUPON = (NOT_LIVE, NOT_BEGUN, OVER)

import time, cProfile, pstats, os
from collections import Counter
from typing import Any
import pytest
from console.demo.story import FULL, SHORT, tell
from console.demo.pretend import Pretend
from messaging.models import *
from tests.console.demo.test_story import platform, SIGNALS  # noqa

@pytest.mark.django_db(transaction=True)
def test_full(platform, simulator, tmp_path):
    t0=time.monotonic()
    def say(line): print(f"{time.monotonic()-t0:6.2f} {line}")
    size = SHORT if os.environ.get("S") else FULL
    prof = cProfile.Profile() if os.environ.get("P") else None
    if prof: prof.enable()
    from django.db import connection
    stat = {}
    def wrap(execute, sql, params, many, context):
        t = time.perf_counter()
        try: return execute(sql, params, many, context)
        finally:
            k = " ".join(str(sql).split())[:110]; a = stat.setdefault(k,[0,0.0]); a[0]+=1; a[1]+=time.perf_counter()-t
    with connection.execute_wrapper(wrap):
        tell(platform, signals_url=SIGNALS, var=tmp_path, say=say, size=size)
    for k,a in sorted(stat.items(), key=lambda x:-x[1][1])[:45]: print(f"{a[0]:5d} {a[1]:7.2f} {k}")
    print(sum(a[0] for a in stat.values()), sum(a[1] for a in stat.values()))
    if prof:
        prof.disable(); pstats.Stats(prof).sort_stats("cumulative").print_stats(60)
    print(time.monotonic()-t0, "told, cpu", time.process_time())
    tell(platform, signals_url=SIGNALS, var=tmp_path, say=say, size=size)
    print(time.monotonic()-t0, "again")
    for b in BatchSend.objects.order_by("merchant","control__due_at").select_related("control","merchant"):
        c=b.control
        n={f"{x.state}/{x.reason}":x.n for x in c.counters.all()}
        r=RecallCount.objects.filter(send=c).first()
        print(b.merchant.slug,b.name,c.state,c.due_at and c.due_at.strftime("%a %m-%d %H:%M"),c.frozen_total,n,r and r.visits, c.balanced, bool(c.books_closed_at))
    print({m.__name__:m.objects.count() for m in (Delivery,ConsentEntry,Consent,Signal,Visit)})
    for t in SubscriptionTemplate.objects.order_by("pk"): print(t.merchant.slug,t.name,t.state,t.differs,t.difference,t.applied_at)
    from merchants.models import Event
    print(Counter((e.kind, e.at.strftime("%m-%d")) for e in Event.objects.all() if not e.kind.startswith("send.")))
    print(simulator.get("/sim/log/summary?method=alipay.open.app.mini.templatemessage.send"))

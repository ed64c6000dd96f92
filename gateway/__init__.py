"""The Alipay open API as plain Python: sign a call, send it, verify the answer, name the outcome.

No Django, no settings, no models, no retries and no policy: who is called, when, and what an outcome means
for a customer is decided above.
"""

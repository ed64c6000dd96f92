from django.db import migrations

# Of an activity the platform has, the stock and the end of claiming only grow (domain D3.5, D4.7). A draft may
# be anything, and a coupon taken back to draft has no activity any more.
ONLY_GROWS = """
CREATE FUNCTION coupons_only_grows() RETURNS trigger LANGUAGE plpgsql AS $grows$
BEGIN
    RAISE EXCEPTION 'coupon % only grows: stock % to %, claiming until % to %',
        OLD.id, OLD.stock, NEW.stock, OLD.publish_until, NEW.publish_until
        USING ERRCODE = 'check_violation', CONSTRAINT = 'coupon_only_grows';
END $grows$;
CREATE TRIGGER coupon_only_grows BEFORE UPDATE OF stock, publish_until ON coupons_coupon FOR EACH ROW
WHEN (NEW.activity_id <> '' AND NEW.activity_id = OLD.activity_id
    AND (NEW.stock < OLD.stock OR NEW.publish_until < OLD.publish_until))
EXECUTE FUNCTION coupons_only_grows();
"""
MAY_SHRINK = """
DROP TRIGGER coupon_only_grows ON coupons_coupon;
DROP FUNCTION coupons_only_grows;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('coupons', '0001_tables'),
    ]

    operations = [
        migrations.RunSQL(ONLY_GROWS, MAY_SHRINK),
    ]

import hashlib
import uuid
from datetime import timedelta

from django.utils import timezone

from membership.customers import forget
from membership.models import Customer, PeopleList
from merchants import jobs
from merchants.models import Event, Job
from messaging.consent import audience
from messaging.consent.tasks import write_consent_list
from messaging.models import Consent
from tests.base import CastCase
from tests.build_messaging import consents, people, template


class AudienceTests(CastCase):
    def setUp(self) -> None:
        self.template = template(self.mini_program)
        self.persons = people(self.mini_program, 6)
        consents(self.template, self.persons)

    def made(self, **changes: object) -> PeopleList:
        return audience.make_list(
            self.template,
            **{
                "name": "All",
                "purpose": "Tell them",
                "by": self.operator,
                "form_token": uuid.uuid4(),
                **changes,
            },  # type: ignore[arg-type]
        )

    def written(self) -> PeopleList:
        people_list = self.made()
        write_consent_list(self.yunduo.pk, people_list.job_id)
        people_list.refresh_from_db()
        return people_list

    def members(self, people_list: PeopleList) -> set[int]:
        return set(people_list.entries.values_list("customer_id", flat=True))

    def test_who_has_a_unit_left_is_in_it_once_with_hash_and_count(self) -> None:
        spent, *rest = self.persons
        Consent.objects.filter(customer=spent).update(units=0)
        Consent.objects.filter(customer=rest[0]).update(units=7)
        made = self.written()
        self.assertEqual((made.state, made.source, made.count, made.rows), ("ready", "rule", 5, 5))
        ids = sorted(who.pk for who in rest)
        self.assertEqual(self.members(made), set(ids))
        self.assertEqual(made.hash, hashlib.sha256("".join(f"{one}\n" for one in ids).encode()).hexdigest())

    def test_a_standing_consent_counts(self) -> None:
        self.template = template(self.mini_program, kind="long_term")
        consents(self.template, self.persons[:2])
        self.assertEqual(self.written().count, 2)

    def test_consent_to_another_template_does_not_count(self) -> None:
        other = template(self.mini_program)
        consents(other, people(self.mini_program, 3))
        self.assertEqual(self.written().count, 6)

    def test_who_opted_out_of_profiling_is_left_out_and_counted(self) -> None:
        out = self.persons[0]
        Customer.objects.filter(pk=out.pk).update(profiling_opt_out_at=timezone.now())
        reach = audience.reach(self.template, at=timezone.now())
        self.assertEqual((reach.people, reach.opted_out, reach.total), (5, 1, 6))
        made = self.written()
        self.assertEqual((made.rows, made.count, made.opted_out), (6, 5, 1))
        self.assertNotIn(out.pk, self.members(made))

    def test_who_was_forgotten_is_nobody(self) -> None:
        forget(self.persons[0], by=None, at=timezone.now())
        self.assertEqual(audience.reach(self.template, at=timezone.now()).total, 5)
        self.assertEqual(self.written().count, 5)

    def test_a_later_consent_changes_nothing(self) -> None:
        made = self.written()
        consents(self.template, people(self.mini_program, 2))
        write_consent_list(self.yunduo.pk, made.job_id)
        self.assertEqual(made.entries.count(), 6)

    def test_the_same_form_twice_gives_the_first_list(self) -> None:
        token = uuid.uuid4()
        self.assertEqual(self.made(form_token=token), self.made(form_token=token, name="again"))
        self.assertEqual((PeopleList.objects.count(), Job.objects.count()), (1, 1))

    def test_a_killed_worker_leaves_nothing_and_the_next_one_writes_it_whole(self) -> None:
        made = self.made()
        dead = jobs.claim(made.job_id or 0, merchant_id=self.yunduo.pk)
        assert dead is not None
        write_consent_list(self.yunduo.pk, made.job_id)
        self.assertEqual(made.entries.count(), 0)  # its lease is not over
        Job.objects.filter(pk=made.job_id).update(lease_until=timezone.now() - timedelta(seconds=1))
        write_consent_list(self.yunduo.pk, made.job_id)
        self.assertEqual(made.entries.count(), 6)
        self.assertEqual(Event.objects.filter(kind="list.ready").count(), 1)

    def test_a_template_that_is_gone_fails_the_list_in_words(self) -> None:
        made = self.made()
        PeopleList.objects.filter(pk=made.pk).update(rule={"kind": "consent", "template": 0})
        write_consent_list(self.yunduo.pk, made.job_id)
        made.refresh_from_db()
        self.assertEqual(made.state, "failed")
        self.assertIn("The template of this list is gone.", Job.objects.get(pk=made.job_id).error)

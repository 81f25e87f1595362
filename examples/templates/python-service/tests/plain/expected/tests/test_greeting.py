import unittest

from seat_maps import greeting


class GreetingTest(unittest.TestCase):
    def test_the_service_says_its_name(self):
        self.assertEqual(greeting(), "seat-maps")

import unittest

from ${{ values.module }} import greeting


class GreetingTest(unittest.TestCase):
    def test_the_service_says_its_name(self):
        self.assertEqual(greeting(), "${{ values.name }}")

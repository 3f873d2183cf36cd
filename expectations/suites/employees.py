"""What we demand of every employee, whatever its source."""

from expectations.demands import different, email_shaped, suite

employees = suite(
    "employees",
    email_shaped("email"),
    different("manager_id", "employee_id"),
)

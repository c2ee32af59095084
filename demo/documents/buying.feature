Feature: Buying something
  The way that most customers take.

  Scenario: SHOP-50 A guest is asked to sign in at the checkout
    Given a visitor who has not signed in
    And a Steel bottle in the cart
    When the visitor goes to the checkout
    Then the page asks for e-mail address and password
    And after signing in the checkout is shown

  Scenario: SHOP-51 An order is confirmed
    Given a customer with 2 pieces of the Steel bottle in the cart
    When the customer places the order with express delivery
    Then the page says "Thank you for your order"
    And it shows an order number that begins with FW-
    And the total is €49.70
    And the cart is empty

  Scenario Outline: SHOP-52 A voucher is refused
    Given a Day pack in the cart
    When the customer enters the code <code>
    Then the page says "<answer>"

    Examples:
      | code     | answer                                  |
      | NOPE     | This code is not valid.                 |
      | SUMMER24 | This voucher expired on 31 August 2024. |

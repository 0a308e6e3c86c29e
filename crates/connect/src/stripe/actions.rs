//! What can be asked of Stripe.
//!
//! Role: the table of actions: method, path, parameters, result, and the event that tells that it was done.
//! Invariant: names of parameters are Stripe's own; an id may also be called `id` or, say, `customerId`.
//! Not here: how parameters become a request (`freeze`).

use super::members;

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Delete,
}

impl Verb {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Delete => "DELETE",
        }
    }
}

/// An action.
#[derive(Debug, Clone, Copy)]
pub(super) struct Action {
    pub(super) name: &'static str,
    pub(super) verb: Verb,
    /// `{}` stands for the id.
    pub(super) path: &'static str,
    /// Names of the parameter that is the id.
    pub(super) id: &'static [&'static str],
    /// Parameters of a known kind; all others are passed on.
    pub(super) params: &'static str,
    /// Of these at least one.
    pub(super) one_of: &'static [&'static str],
    pub(super) result: &'static str,
    /// The type of the event that carries its idempotency key once it was done; empty: any may.
    pub(super) event: &'static str,
}

const CUSTOMER: &[&str] = &["customer", "customerId", "id"];
const SUBSCRIPTION: &[&str] = &["subscription", "subscriptionId", "id"];
const INVOICE: &[&str] = &["invoice", "invoiceId", "id"];
const INTENT: &[&str] = &["payment_intent", "paymentIntentId", "id"];
const PRICE: &[&str] = &["price", "priceId", "id"];

/// The action of this name.
pub(super) fn find(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.name == name)
}

const fn get(name: &'static str, path: &'static str, result: &'static str) -> Action {
    Action {
        name,
        verb: Verb::Get,
        path,
        id: &[],
        params: "",
        one_of: &[],
        result,
        event: "",
    }
}

const fn post(name: &'static str, path: &'static str, result: &'static str, event: &'static str) -> Action {
    Action {
        verb: Verb::Post,
        event,
        ..get(name, path, result)
    }
}

const fn delete(name: &'static str, path: &'static str, result: &'static str) -> Action {
    Action {
        verb: Verb::Delete,
        ..get(name, path, result)
    }
}

impl Action {
    const fn of(self, id: &'static [&'static str]) -> Self {
        Self { id, ..self }
    }

    const fn takes(self, params: &'static str) -> Self {
        Self { params, ..self }
    }

    const fn needs_one_of(self, one_of: &'static [&'static str]) -> Self {
        Self { one_of, ..self }
    }
}

/// All of them; `request` is apart, as it has a path of its own.
pub(super) const ACTIONS: [Action; 22] = [
    post("createCustomer", "/v1/customers", members::CUSTOMER, "customer.created")
        .takes("text: email name phone description object/text: metadata address shipping"),
    get("retrieveCustomer", "/v1/customers/{}", members::CUSTOMER).of(CUSTOMER),
    post("updateCustomer", "/v1/customers/{}", members::CUSTOMER, "customer.updated")
        .of(CUSTOMER)
        .takes("text: email name phone description object/text: metadata address shipping"),
    delete("deleteCustomer", "/v1/customers/{}", members::DELETED).of(CUSTOMER),
    post("createSubscription", "/v1/subscriptions", members::SUBSCRIPTION, "customer.subscription.created")
        .takes(
            "text!: customer  text: price priceId payment_behavior collection_method currency description
             integer: quantity trial_period_days  objects: items  object/text: metadata",
        )
        .needs_one_of(&["price", "priceId", "items"]),
    get("retrieveSubscription", "/v1/subscriptions/{}", members::SUBSCRIPTION).of(SUBSCRIPTION),
    post("updateSubscription", "/v1/subscriptions/{}", members::SUBSCRIPTION, "customer.subscription.updated")
        .of(SUBSCRIPTION)
        .takes("objects: items  bool: cancel_at_period_end  object/text: metadata  text: proration_behavior"),
    delete("cancelSubscription", "/v1/subscriptions/{}", members::SUBSCRIPTION)
        .of(SUBSCRIPTION)
        .takes("bool: immediately invoice_now prorate  object: cancellation_details"),
    post("createInvoice", "/v1/invoices", members::INVOICE, "invoice.created")
        .takes("text: customer currency description collection_method  bool: auto_advance  object/text: metadata"),
    get("retrieveInvoice", "/v1/invoices/{}", members::INVOICE).of(INVOICE),
    post("finalizeInvoice", "/v1/invoices/{}/finalize", members::INVOICE, "invoice.finalized")
        .of(INVOICE)
        .takes("bool: auto_advance"),
    post("payInvoice", "/v1/invoices/{}/pay", members::INVOICE, "invoice.paid")
        .of(INVOICE)
        .takes("bool: forgive off_session paid_out_of_band  text: payment_method source"),
    get("listInvoices", "/v1/invoices", members::LIST)
        .takes("text: customer status subscription starting_after ending_before  integer: limit"),
    post("createPaymentIntent", "/v1/payment_intents", members::PAYMENT_INTENT, "payment_intent.created")
        .takes(
            "integer!: amount  text!: currency  text: customer description payment_method receipt_email
             bool: confirm off_session  object/text: metadata",
        ),
    get("retrievePaymentIntent", "/v1/payment_intents/{}", members::PAYMENT_INTENT).of(INTENT),
    post("confirmPaymentIntent", "/v1/payment_intents/{}/confirm", members::PAYMENT_INTENT, "")
        .of(INTENT)
        .takes("text: payment_method return_url receipt_email"),
    post("cancelPaymentIntent", "/v1/payment_intents/{}/cancel", members::PAYMENT_INTENT, "payment_intent.canceled")
        .of(INTENT)
        .takes("text: cancellation_reason"),
    post("createCheckoutSession", "/v1/checkout/sessions", members::CHECKOUT_SESSION, "")
        .takes(
            "text: mode success_url cancel_url customer customer_email client_reference_id
             objects: line_items  object: metadata subscription_data payment_intent_data",
        ),
    post(
        "createBillingPortalSession",
        "/v1/billing_portal/sessions",
        members::PORTAL_SESSION,
        "billing_portal.session.created",
    )
    .takes("text: customer customer_account return_url configuration locale")
    .needs_one_of(&["customer", "customer_account"]),
    get("listPrices", "/v1/prices", members::LIST).takes(
        "bool: active  text: currency product type starting_after ending_before  texts: lookup_keys  integer: limit",
    ),
    get("retrievePrice", "/v1/prices/{}", members::PRICE).of(PRICE),
    post("createRefund", "/v1/refunds", members::REFUND, "refund.created")
        .takes("text: charge payment_intent reason  integer: amount  object/text: metadata")
        .needs_one_of(&["charge", "payment_intent"]),
];

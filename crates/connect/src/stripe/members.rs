//! What is known of Stripe's objects.
//!
//! Role: the members of each, as the pinned version of the interface has them together with those of newer ones.
//! Invariant: a member that an object lacks in some version, or that may be null, is marked so.
//! Not here: what lies below a member, which depends on `expand` and is read without being known.

/// A customer.
pub(super) const CUSTOMER: &str = "
    text: id object
    text?: currency description email invoice_prefix name phone tax_exempt business_name
        customer_account individual_name
    integer: balance created
    integer?: next_invoice_sequence
    bool: livemode
    bool?: delinquent deleted
    list?: preferred_locales
    object: metadata
    object?: sources subscriptions tax_ids
    any: invoice_settings
    any?: address cash_balance default_source discount invoice_credit_balance shipping tax
        test_clock
";

/// A subscription.
pub(super) const SUBSCRIPTION: &str = "
    text: id object collection_method currency status
    text?: description customer_account
    integer: billing_cycle_anchor created start_date
    integer?: cancel_at canceled_at current_period_end current_period_start days_until_due ended_at
        next_pending_invoice_item_invoice trial_end trial_start
    number?: application_fee_percent
    bool: cancel_at_period_end livemode
    list: discounts
    list?: default_tax_rates billing_schedules
    object: items metadata
    any: automatic_tax customer invoice_settings
    any?: application billing_cycle_anchor_config billing_thresholds cancellation_details
        default_payment_method default_source discount latest_invoice on_behalf_of pause_collection
        payment_settings pending_invoice_item_interval pending_setup_intent pending_update schedule
        test_clock transfer_data trial_settings billing_mode managed_payments presentment_details
        status_details
";

/// An invoice.
pub(super) const INVOICE: &str = "
    text: id object collection_method currency
    text?: account_country account_name billing_reason customer_email customer_name customer_phone
        customer_tax_exempt description footer hosted_invoice_url invoice_pdf number receipt_number
        statement_descriptor status customer_account
    integer: amount_due amount_paid amount_remaining amount_shipping attempt_count created period_end
        period_start post_payment_credit_notes_amount pre_payment_credit_notes_amount starting_balance
        subtotal total
    integer?: application_fee_amount automatically_finalizes_at due_date effective_at ending_balance
        next_payment_attempt subscription_proration_date subtotal_excluding_tax tax total_excluding_tax
        webhooks_delivered_at amount_overpaid amount_paid_off_stripe
    bool: attempted livemode
    bool?: auto_advance paid paid_out_of_band
    list: default_tax_rates discounts
    list?: account_tax_ids custom_fields customer_tax_ids total_discount_amounts
        total_pretax_credit_amounts total_tax_amounts total_taxes
    object: lines
    object?: metadata payments
    any: automatic_tax issuer payment_settings status_transitions
    any?: application charge customer customer_address customer_shipping default_payment_method
        default_source discount from_invoice last_finalization_error latest_revision
        on_behalf_of payment_intent quote rendering shipping_cost shipping_details subscription
        subscription_details test_clock threshold_reason transfer_data confirmation_secret parent
        status_details
";

/// A payment intent.
pub(super) const PAYMENT_INTENT: &str = "
    text: id object capture_method confirmation_method currency status
    text?: cancellation_reason client_secret description receipt_email setup_future_usage
        statement_descriptor statement_descriptor_suffix transfer_group customer_account
    integer: amount amount_capturable amount_received created
    integer?: application_fee_amount canceled_at
    bool: livemode
    list: payment_method_types
    list?: allowed_payment_method_types excluded_payment_method_types
    object: metadata
    any?: amount_details application automatic_payment_methods customer invoice last_payment_error
        latest_charge next_action on_behalf_of payment_method payment_method_configuration_details
        payment_method_options processing review shipping source transfer_data hooks managed_payments
        payment_details payment_record presentment_details
";

/// A session of the hosted checkout.
pub(super) const CHECKOUT_SESSION: &str = "
    text: id object mode payment_status
    text?: billing_address_collection cancel_url client_reference_id client_secret currency
        customer_creation customer_email locale payment_method_collection recovered_from
        redirect_on_completion return_url status submit_type success_url ui_mode url customer_account
        integration_identifier origin_context
    integer: created expires_at
    integer?: amount_subtotal amount_total
    bool: livemode
    bool?: allow_promotion_codes
    list: custom_fields payment_method_types shipping_options
    list?: discounts allowed_payment_method_types excluded_payment_method_types optional_items
    object?: line_items metadata
    any: automatic_tax custom_text
    any?: adaptive_pricing after_expiration collected_information consent consent_collection
        currency_conversion customer customer_details invoice invoice_creation payment_intent
        payment_link payment_method_configuration_details payment_method_options phone_number_collection
        saved_payment_method_options setup_intent shipping_address_collection shipping_cost
        shipping_details subscription tax_id_collection total_details branding_settings managed_payments
        name_collection permissions presentment_details wallet_options
";

/// A session of the billing portal.
pub(super) const PORTAL_SESSION: &str = "
    text: id object customer url
    text?: locale on_behalf_of return_url customer_account
    integer: created
    bool: livemode
    any: configuration
    any?: flow after_expiration
";

/// A price.
pub(super) const PRICE: &str = "
    text: id object billing_scheme currency type
    text?: lookup_key nickname tax_behavior tiers_mode unit_amount_decimal
    integer: created
    integer?: unit_amount
    bool: active livemode
    list?: tiers
    object: metadata
    any: product
    any?: currency_options custom_unit_amount recurring transform_quantity
";

/// A refund.
pub(super) const REFUND: &str = "
    text: id object currency
    text?: description failure_reason instructions_email reason receipt_number status customer_account
        pending_reason
    integer: amount created
    object?: metadata
    any?: balance_transaction charge destination_details failure_balance_transaction next_action
        payment_intent source_transfer_reversal transfer_reversal customer payment_method
        presentment_details
";

/// A page of objects.
pub(super) const LIST: &str = "text: object url  bool: has_more  list: data";

/// What is left of a deleted object.
pub(super) const DELETED: &str = "text: id object  bool: deleted";

{{ stage_messages(
    ref('stg_tabular__message_versions'), ref('stg_tabular__outdated_messages')
) }}

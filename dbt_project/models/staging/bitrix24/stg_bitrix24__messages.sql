{{ stage_messages(
    ref('stg_bitrix24__message_versions'), ref('stg_bitrix24__outdated_messages')
) }}
